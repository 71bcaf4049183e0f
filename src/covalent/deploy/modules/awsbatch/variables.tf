variable "prefix" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "covalent"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.prefix))
    error_message = "The prefix must be 2 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "region" {
  description = "The AWS region that everything is in."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "profile" {
  description = "A profile of the AWS configuration files. Credentials are otherwise found as every AWS program finds them."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account that this is for: credentials of any other are refused."
  type        = string
  default     = null
}

variable "compute_type" {
  description = "What tasks run on: EC2, SPOT, FARGATE or FARGATE_SPOT. Nothing of them is billed while no task runs."
  type        = string
  default     = "EC2"
  nullable    = false

  validation {
    condition     = contains(["EC2", "SPOT", "FARGATE", "FARGATE_SPOT"], var.compute_type)
    error_message = "The compute type must be EC2, SPOT, FARGATE or FARGATE_SPOT."
  }
}

variable "max_vcpus" {
  description = "vCPUs that may run at the same time."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.max_vcpus >= 1
    error_message = "There must be at least 1 vCPU."
  }
}

variable "gpu" {
  description = "Whether tasks get GPUs: machines and their image are chosen for that. Not on Fargate."
  type        = bool
  default     = false
  nullable    = false
}

variable "instance_types" {
  description = "Types or families of EC2 instances. If empty: optimal, or g4dn and g5 with GPUs."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "disk_gib" {
  description = "Size of the disk of an EC2 instance in GiB, which its tasks share."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.disk_gib >= 30 && var.disk_gib <= 16384
    error_message = "The disk must have 30 to 16384 GiB."
  }
}

variable "runnable_limit_s" {
  description = "Seconds for which a job waits for a machine before AWS gives it up, 600 to 86400."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.runnable_limit_s >= 600 && var.runnable_limit_s <= 86400
    error_message = "The limit must be from 600 to 86400 seconds."
  }
}

variable "vpc_id" {
  description = "A VPC of yours, in place of one that is made."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "Subnets of that VPC, from which S3, the registry of the image and CloudWatch Logs can be reached."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "assign_public_ip" {
  description = "Whether tasks on Fargate get public addresses. Needed in public subnets, which those that are made are."
  type        = bool
  default     = true
  nullable    = false
}

variable "vpc_cidr" {
  description = "Addresses of the VPC that is made."
  type        = string
  default     = "10.71.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 0))
    error_message = "The addresses must be a block such as 10.71.0.0/16, of /24 or larger."
  }
}

variable "bucket_prefix" {
  description = "What the keys of all objects begin with; tasks can reach no others."
  type        = string
  default     = "covalent"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_./=-]+$", var.bucket_prefix)) && trim(var.bucket_prefix, "/") == var.bucket_prefix
    error_message = "The prefix must be letters, digits and - _ . / =, without slashes around it."
  }
}

variable "expire_days" {
  description = "Days after which objects, among them results, are deleted. If not set, they are kept."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.expire_days, 1) >= 1
    error_message = "What is stored is kept for 1 day at least."
  }
}

variable "delete_data" {
  description = "Whether taking all of this down deletes what is in the bucket. If not, a bucket with something in it stays."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  description = "A KMS key of yours for the bucket, in place of S3's own."
  type        = string
  default     = null
}

variable "https_only" {
  description = "Whether the bucket refuses connections that are not encrypted. Emulators have no others."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "Days for which CloudWatch keeps what tasks print, one of those that it offers."
  type        = number
  default     = 30
  nullable    = false
}

variable "registry" {
  description = "Whether a repository of Amazon ECR is made, for images of your own. What is stored there is billed."
  type        = bool
  default     = false
  nullable    = false
}

variable "secret_arns" {
  description = "Secrets of Secrets Manager and parameters of Systems Manager that tasks may be given as variables."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
