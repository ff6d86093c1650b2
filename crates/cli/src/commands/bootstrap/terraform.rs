//! Terraform code for the same bucket and table, and the backend block to paste.

use super::wanted::Wanted;

/// A text in quotes, as HCL reads it back.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(one) = rest.next() {
        match one {
            '"' | '\\' => quoted.extend(['\\', one]),
            '\n' => quoted.push_str("\\n"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([one, one]),
            _ => quoted.push(one),
        }
    }
    quoted + "\""
}

/// The `backend` block of this bucket, for a state of one's own choice.
pub(super) fn backend(wanted: &Wanted, region: &str, endpoint: Option<&str>) -> String {
    let mut arguments = vec![
        ("bucket", quoted(&wanted.bucket)),
        ("key", quoted("NAME/terraform.tfstate")),
        ("region", quoted(region)),
        ("use_lockfile", "true".to_owned()),
    ];
    if let Some(table) = &wanted.table {
        arguments.push(("dynamodb_table", quoted(table)));
    }
    match endpoint {
        // Whether another store encrypts is its own affair, and some refuse to be asked.
        Some(endpoint) => {
            let url = quoted(endpoint);
            let dynamodb =
                if wanted.table.is_some() { format!(", dynamodb = {url}") } else { String::new() };
            arguments.push(("endpoints", format!("{{ s3 = {url}{dynamodb} }}")));
        }
        None => arguments.push(("encrypt", "true".to_owned())),
    }
    if let Some(key) = &wanted.kms_key {
        arguments.push(("kms_key_id", quoted(key)));
    }
    format!("terraform {{\n  backend \"s3\" {{\n{}  }}\n}}\n", aligned(&arguments, 4))
}

/// Arguments, one on a line, with their signs under each other.
fn aligned(arguments: &[(&str, String)], indent: usize) -> String {
    let width = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| format!("{:indent$}{name:<width$} = {value}\n", "");
    arguments.iter().map(line).collect()
}

/// Resources of the provider `hashicorp/aws`, in the form of its versions from 4 on.
pub(super) fn resources(wanted: &Wanted) -> String {
    let mut text = BUCKET.replace("@BUCKET@", &quoted(&wanted.bucket));
    let algorithm = match &wanted.kms_key {
        Some(key) => {
            let named = [
                ("sse_algorithm", quoted("aws:kms")),
                ("kms_master_key_id", quoted(key)),
            ];
            format!("    bucket_key_enabled = true\n\n    apply_server_side_encryption_by_default {{\n{}    }}\n", aligned(&named, 6))
        }
        None => "    apply_server_side_encryption_by_default {\n      sse_algorithm = \"AES256\"\n    }\n".to_owned(),
    };
    text = text.replace("@ENCRYPTION@", &algorithm);
    let mut expiration = vec![("noncurrent_days", wanted.old.kept_days.to_string())];
    if wanted.old.kept_newest > 0 {
        expiration.push(("newer_noncurrent_versions", wanted.old.kept_newest.to_string()));
    }
    text = text.replace("@EXPIRATION@", &aligned(&expiration, 6));
    text = text.replace("@UPLOAD_DAYS@", &wanted.old.uploads_kept_days.to_string());
    if let Some(table) = &wanted.table {
        text.push_str(&TABLE.replace("@TABLE@", &quoted(table)));
        if wanted.recovers_table {
            text.push_str("\n  point_in_time_recovery {\n    enabled = true\n  }\n");
        }
        text.push_str("\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n");
    }
    text
}

const BUCKET: &str = r#"resource "aws_s3_bucket" "state" {
  bucket = @BUCKET@

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
@ENCRYPTION@  }
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StatelockTlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.state]
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    id     = "statelock-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
@EXPIRATION@    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = @UPLOAD_DAYS@
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}
"#;

const TABLE: &str = r#"
resource "aws_dynamodb_table" "locks" {
  name                        = @TABLE@
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true

  attribute {
    name = "LockID"
    type = "S"
  }
"#;

#[cfg(test)]
mod tests {
    use statelock_client::bucket::OldVersions;

    use super::*;

    fn wanted(table: Option<&str>, kms_key: Option<&str>) -> Wanted {
        Wanted {
            bucket: "acme-tfstate".to_owned(),
            kms_key: kms_key.map(str::to_owned),
            old: OldVersions { kept_days: 90, kept_newest: 10, uploads_kept_days: 7 },
            table: table.map(str::to_owned),
            recovers_table: true,
            changes_existing: false,
            is_dry: false,
            insists_on_tls: false,
        }
    }

    #[test]
    fn texts_are_quoted_as_hcl_reads_them() {
        assert_eq!(quoted("a\"b\\c${d}%{e}$f"), "\"a\\\"b\\\\c$${d}%%{e}$f\"");
    }

    #[test]
    fn the_backend_block_locks_as_the_bucket_was_made_for() {
        let block = backend(&wanted(None, None), "eu-central-1", None);
        assert_eq!(
            block,
            "terraform {\n  backend \"s3\" {\n    bucket       = \"acme-tfstate\"\n    \
             key          = \"NAME/terraform.tfstate\"\n    region       = \"eu-central-1\"\n    \
             use_lockfile = true\n    encrypt      = true\n  }\n}\n"
        );
        let block = backend(&wanted(Some("locks"), None), "r", Some("http://127.0.0.1:9000"));
        assert!(block.contains("dynamodb_table = \"locks\""), "{block}");
        assert!(
            block.contains("endpoints      = { s3 = \"http://127.0.0.1:9000\", dynamodb = "),
            "{block}"
        );
        assert!(!block.contains("encrypt "), "{block}");
    }

    #[test]
    fn the_code_names_everything_and_leaves_no_gap() {
        let code = resources(&wanted(Some("locks"), Some("alias/state")));
        for part in [
            "bucket = \"acme-tfstate\"",
            "kms_master_key_id = \"alias/state\"",
            "newer_noncurrent_versions = 10",
            "name                        = \"locks\"",
            "point_in_time_recovery {",
        ] {
            assert!(code.contains(part), "{part}: {code}");
        }
        assert!(!code.contains('@'), "{code}");
        assert_eq!(code.matches('{').count(), code.matches('}').count());
        assert!(!resources(&wanted(None, None)).contains("aws_dynamodb_table"));
    }
}
