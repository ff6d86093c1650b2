bucket = "not-of-the-root"
