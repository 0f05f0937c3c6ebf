"""How many frames a GIF has, without decoding one."""


def count_frames(data: bytes, *, most: int) -> int:
    """The frames by the blocks of the file, up to `most`: Pillow would count on to the end."""
    at, found = 13 + _table(data, 10), 0
    while found < most and at < len(data):
        kind = data[at]
        if kind == 0x2C:  # a frame: its descriptor, its colours, a byte, its data
            found += 1
            at = _after_blocks(data, at + 11 + _table(data, at + 9))
        elif kind == 0x21:  # an extension
            at = _after_blocks(data, at + 2)
        elif kind == 0x3B:  # the end
            break
        else:  # Pillow passes over what it does not know
            at += 1
    return found


def _table(data: bytes, at: int) -> int:
    """The length of the colour table that the flags announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """Past the chain of blocks that ends with an empty one."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
