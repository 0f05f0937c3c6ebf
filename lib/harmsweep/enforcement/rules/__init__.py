"""The rules of enforcement as plain Python, one scope at a time; they know no lake."""
