"""Why a post was acted on."""
