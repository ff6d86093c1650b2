//! Terraform backend configuration: which backend a working directory uses, and with which arguments.
