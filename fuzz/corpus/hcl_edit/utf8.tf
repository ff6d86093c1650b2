tf
# Zustände für „Köln“ — 東京
terraform {
  backend "s3" {
    bucket         = "acme-zustände" # ä
    key            = "東京/état"       # é
    dynamodb_table = "schlösser"     # ö
  }
}
