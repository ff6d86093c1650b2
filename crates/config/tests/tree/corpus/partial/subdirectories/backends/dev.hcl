bucket = "acme-dev"
key    = "sub.tfstate"
