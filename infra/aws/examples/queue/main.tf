# Goalpost with the transport `queue`: copy this folder, set the source to a tag of the repository, and apply.

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
  transport                   = "queue"

  allowed_origins = ["https://app.example.com"]
  environment     = { GOALPOST_MODEL = "anthropic/claude-sonnet-5-5" }
}

output "dead_letter_queue_url" {
  value = module.goalpost.dead_letter_queue_url
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
