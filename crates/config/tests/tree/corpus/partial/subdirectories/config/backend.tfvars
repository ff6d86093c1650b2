bucket = "acme-vars"
key    = "${terraform.workspace}.tfstate"
