terraform {
  backend "s3" {
    bucket         = "lab"
    key            = "lab.tfstate"
    region         = "us-east-1"
    dynamodb_table = "lab-locks"
    use_path_style = true
    endpoints = {
      s3       = "https://minio.lab.example:9000"
      dynamodb = "https://tables.lab.example"
    }
  }
}
