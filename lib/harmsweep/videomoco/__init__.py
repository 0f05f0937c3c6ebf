"""VideoMoCo: pre-training of the video encoder on clips without labels.

Method: Pan et al., VideoMoCo, CVPR 2021. Nothing is imported here, so that torch is not either.
"""
