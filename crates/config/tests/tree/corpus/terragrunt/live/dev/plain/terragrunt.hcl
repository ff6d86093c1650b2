terraform {
  source = "git::https://example.com/modules.git//plain?ref=v1.0.0"
}
