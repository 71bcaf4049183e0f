variable "project_id" {
  description = "The id of the Google Cloud project, not its name."
  type        = string
}

variable "prefix" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "covalent"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.prefix)) && !can(regex("^goog|google", var.prefix))
    error_message = "The prefix must be 2 to 20 small letters, digits and hyphens, and begin with a letter. Google lets no bucket be named after it."
  }
}

variable "region" {
  description = "The region that everything is in."
  type        = string
  default     = "us-east1"
  nullable    = false
}

variable "access_token" {
  description = "A token of 'gcloud auth print-access-token'. Credentials are otherwise found as every Google program finds them."
  type        = string
  default     = null
  sensitive   = true
}

variable "client" {
  description = "Who runs the server, as user:EMAIL or serviceAccount:EMAIL. Gets the roles for it; if not set, nobody does."
  type        = string
  default     = null

  validation {
    condition     = var.client == null || can(regex("^(user|serviceAccount|group):\\S+@\\S+$", var.client))
    error_message = "The client must be user:EMAIL, group:EMAIL or serviceAccount:EMAIL."
  }
}

variable "private_network" {
  description = "Whether a network without public addresses is made. Its NAT gateway is billed while machines use it."
  type        = bool
  default     = false
  nullable    = false
}

variable "network_cidr" {
  description = "Addresses of that network."
  type        = string
  default     = "10.72.0.0/16"
  nullable    = false
}

variable "registry" {
  description = "Whether a repository of Artifact Registry is made, for images of your own. What is stored there is billed."
  type        = bool
  default     = true
  nullable    = false
}

variable "container_image_uri" {
  description = "The image that tasks run in. If not set, Python's own."
  type        = string
  default     = null
}

variable "spot" {
  description = "Whether tasks run on spot machines, which are cheap and taken back at any time."
  type        = bool
  default     = false
  nullable    = false
}

variable "bucket_prefix" {
  description = "What the names of all objects begin with."
  type        = string
  default     = "covalent"
  nullable    = false
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
  description = "Whether taking all of this down deletes what is in the bucket. If not, a bucket with something in it stays, and what is deleted can be brought back for 7 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key" {
  description = "A key of yours in Cloud KMS for the bucket, in place of Google's own."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of every resource that can have some."
  type        = map(string)
  default     = {}
  nullable    = false
}
