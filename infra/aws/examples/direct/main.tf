# Goalpost with the transport `direct`: copy this folder, set the source to a tag of the repository, and apply.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "region" {
  description = "AWS region, best the one of the Supabase project."
  type        = string
  default     = "eu-central-1"
}

variable "supabase_url" {
  description = "URL of the Supabase project."
  type        = string
}

variable "supabase_publishable_key" {
  description = "Publishable key of the project."
  type        = string
}

variable "secrets_extension_layer_arn" {
  description = "ARN of the AWS Parameters and Secrets Lambda Extension (arm64) in the region."
  type        = string
}

provider "aws" {
  region = var.region
}

module "goalpost" {
  source = "../.."

  supabase_url                = var.supabase_url
  supabase_publishable_key    = var.supabase_publishable_key
  secrets_extension_layer_arn = var.secrets_extension_layer_arn
  package_folder              = "${path.root}/packages"
  transport                   = "direct"

  limits = { executor = { reserved_concurrency = 32 } }
}

output "intake_url" {
  value = module.goalpost.intake_url
}

output "set_endpoints_sql" {
  value = module.goalpost.set_endpoints_sql
}

output "secrets" {
  value = module.goalpost.secrets
}

output "kms_key_arn" {
  value = module.goalpost.kms_key_arn
}
