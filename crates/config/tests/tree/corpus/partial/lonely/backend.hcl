bucket = "nobody"
key    = "x"
