# Read by every spark-submit of the platform's environment: scripts/setup links it where Spark looks.
# One that is typed by hand is then as quiet, and as quick to start, as the schedule's.
_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
: "${SPARK_SUBMIT_OPTS:=-Dlog4j2.configurationFile=file:$_root/conf/spark/log4j2.properties -XX:SharedArchiveFile=$_root/.cache/java-classes.jsa -Xlog:disable}"
export SPARK_SUBMIT_OPTS
# The conf folder is on the class path, and the JVM takes no archive where a folder there has files: in
# place of one that has but this file stands an empty one.
[ "$(ls "$SPARK_CONF_DIR")" != spark-env.sh ] || SPARK_CONF_DIR=$_root/.cache/spark-conf
