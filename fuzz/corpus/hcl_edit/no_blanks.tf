tf
terraform{
backend "s3"{
bucket="acme-state"
key="a/b/c"
dynamodb_table="locks"
region="eu-west-1"
}
}
