"""The actions of policy, from the mildest, and what each of them is."""

# From the mildest; a release is the action `none`. A strike removes the post and counts against its
# author; a restriction removes it and restricts the author at once.
LADDER = ("none", "review", "label", "demote", "interstitial", "remove", "strike", "restrict")
SEVERITY = {action: rank for rank, action in enumerate(LADDER)}
# Actions that others can see: caps count these, and review never.
VISIBLE = LADDER[2:]
# What counts against an author.
STRIKES = ("strike", "restrict")
