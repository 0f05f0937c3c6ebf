# Read by every spark-submit of the platform's environment: scripts/setup links it where Spark looks.
# One that is typed by hand is then as quiet, and as quick to start, as the schedule's.
_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
: "${SPARK_SUBMIT_OPTS:=-Dlog4j2.configurationFile=file:$_root/conf/spark/log4j2.properties -XX:SharedArchiveFile=$_root/.cache/java-classes.jsa -Xlog:disable}"
export SPARK_SUBMIT_OPTS
# Java neither writes nor reads an archive of classes where a folder of the class path holds anything, as
# the one of this file does.
export SPARK_CONF_DIR=$_root/.cache/spark-conf
