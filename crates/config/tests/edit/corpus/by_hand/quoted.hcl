generate "state" {
  path     = "backend.tf"
  contents = "terraform {\n  backend \"s3\" {\n    dynamodb_table = \"locks\"\n  }\n}\n"
}
