"""Media files as untrusted input: found, capped, hashed and decoded in a bounded child process.

What a file is, its content decides, never its name. Bad content is a status and a short reason
that quotes none of it.
"""
