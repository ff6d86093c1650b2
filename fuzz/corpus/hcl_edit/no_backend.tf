tf
resource "aws_dynamodb_table" "locks" {
  name           = "locks"
  hash_key       = "LockID"
  dynamodb_table = "x"
}
