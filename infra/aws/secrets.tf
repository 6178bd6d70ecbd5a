# The values of secrets are never in Terraform: its state would hold them. The output `secrets` lists what to store.
locals {
  kms_key_arn = var.kms_key_arn != null ? var.kms_key_arn : aws_kms_key.own[0].arn
}

resource "aws_kms_key" "own" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Logs and secrets of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogsOfTheFunctions"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = [for group in values(local.log_groups) : "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${group}"]
          }
        }
      },
    ]
  })
  tags = local.tags
}

resource "aws_kms_alias" "own" {
  count = var.kms_key_arn == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.own[0].key_id
}
