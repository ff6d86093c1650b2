//! The parts of AWS, whose ARNs differ.

/// The part that a region belongs to, as it stands in ARNs; without a region the usual one.
pub(crate) fn partition_of_region(region: Option<&str>) -> &'static str {
    let partitions = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let region = region.unwrap_or_default();
    let found = partitions.into_iter().find(|(start, _)| region.starts_with(start));
    found.map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_arns() {
        for (region, partition) in [
            (None, "aws"),
            (Some("eu-central-1"), "aws"),
            (Some("cn-north-1"), "aws-cn"),
            (Some("us-gov-west-1"), "aws-us-gov"),
            (Some("us-iso-east-1"), "aws-iso"),
            (Some("us-isob-east-1"), "aws-iso-b"),
            (Some("eu-isoe-west-1"), "aws-iso-e"),
            (Some("us-isof-south-1"), "aws-iso-f"),
            (Some("eusc-de-east-1"), "aws-eusc"),
        ] {
            assert_eq!(partition_of_region(region), partition, "{region:?}");
        }
    }
}
