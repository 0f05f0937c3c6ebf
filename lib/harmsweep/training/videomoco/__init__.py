"""VideoMoCo: contrastive pre-training of a video encoder."""
