bucket         = "acme"
region         = "eu-west-1"
dynamodb_table = "locks"
