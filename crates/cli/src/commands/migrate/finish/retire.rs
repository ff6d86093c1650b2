//! How a lock table is retired that nobody uses any more.

use super::table_name::NamedTable;
use crate::shell::quoted;

/// The commands, in order.
pub(super) fn commands(table: &str, region: Option<&str>) -> Vec<String> {
    let region = region.map(|region| format!(" --region {}", quoted(region))).unwrap_or_default();
    let backup = quoted(&format!("{}-before-removal", NamedTable::new(table, None).name));
    let table = quoted(table);
    vec![
        format!("aws dynamodb create-backup --table-name {table} --backup-name {backup}{region}"),
        format!(
            "aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled{region}"
        ),
        format!("aws dynamodb delete-table --table-name {table}{region}"),
    ]
}

/// What to do where the table is a resource of Terraform.
pub(super) fn code(table: &str) -> String {
    let literal = NamedTable::new(table, None).name.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "If Terraform made the table, do it there: back it up; set this, and apply; then remove the resource, and apply.\n\
         \x20 resource \"aws_dynamodb_table\" \"NAME\" {{\n\
         \x20   name                        = \"{literal}\"\n\
         \x20   deletion_protection_enabled = false\n\
         \x20   # … and no `lifecycle {{ prevent_destroy = true }}`\n\
         \x20 }}\n\
         To keep the table, and only forget it there, replace the resource by:\n\
         \x20 removed {{\n\
         \x20   from = aws_dynamodb_table.NAME\n\
         \x20   lifecycle {{\n\
         \x20     destroy = false\n\
         \x20   }}\n\
         \x20 }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backup_comes_before_the_end() {
        let commands = commands("my locks", Some("eu-west-1"));
        assert_eq!(
            commands,
            [
                "aws dynamodb create-backup --table-name 'my locks' --backup-name 'my locks-before-removal' --region eu-west-1",
                "aws dynamodb update-table --table-name 'my locks' --no-deletion-protection-enabled --region eu-west-1",
                "aws dynamodb delete-table --table-name 'my locks' --region eu-west-1",
            ]
        );
        let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/t";
        assert!(super::commands(arn, None)[0].ends_with(" --backup-name t-before-removal"));
        assert!(code(arn).contains("name                        = \"t\""));
        assert!(code("t").contains("name                        = \"t\""));
    }
}
