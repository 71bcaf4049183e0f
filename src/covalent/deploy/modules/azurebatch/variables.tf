variable "prefix" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "covalent"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,11}$", var.prefix))
    error_message = "The prefix must be 3 to 12 small letters and digits, and begin with a letter."
  }
}

variable "location" {
  description = "The region of Azure that everything is in."
  type        = string
  default     = "eastus"
  nullable    = false
}

variable "subscription_id" {
  description = "The subscription that everything is in. If not set, ARM_SUBSCRIPTION_ID names it."
  type        = string
  default     = null
}

variable "tenant_id" {
  description = "The directory (tenant) of the subscription. If not set, it is that of the credentials."
  type        = string
  default     = null
}

variable "service_principal" {
  description = "Whether an application with a secret is made, as which the server signs in. If not, it signs in as you do."
  type        = bool
  default     = false
  nullable    = false
}

variable "secret_days" {
  description = "Days for which the secret of the application is valid."
  type        = number
  default     = 180
  nullable    = false

  validation {
    condition     = var.secret_days >= 1 && var.secret_days <= 730
    error_message = "The secret must be valid for 1 to 730 days."
  }
}

variable "clock" {
  description = "Hours since 1970: in each half of secret_days, the secret is made anew. 'covalent deploy up' says what time it is."
  type        = number
  default     = 0
  nullable    = false
}

variable "vm_size" {
  description = "The size of the pool's nodes. The image is made for all sizes, with GPUs and without."
  type        = string
  default     = "Standard_D2s_v3"
  nullable    = false
}

variable "max_nodes" {
  description = "Nodes that may run at the same time; none do while there are no tasks."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.max_nodes >= 1
    error_message = "There must be at least 1 node."
  }
}

variable "spot" {
  description = "Whether nodes are spot nodes, which are cheap and taken back at any time."
  type        = bool
  default     = false
  nullable    = false
}

variable "slots_per_node" {
  description = "Tasks that a node runs at the same time, at most 256."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.slots_per_node >= 1 && var.slots_per_node <= 256
    error_message = "A node has 1 to 256 slots."
  }
}

variable "subnet_id" {
  description = "A subnet of yours for the nodes, in place of one of Azure Batch's own."
  type        = string
  default     = null
}

variable "registry" {
  description = "Whether a container registry is made, for images of your own. It is billed by the day."
  type        = bool
  default     = false
  nullable    = false
}

variable "base_image_uri" {
  description = "The image that tasks run in, with the Python of the workflow. If not set, Python's own."
  type        = string
  default     = null
}

variable "python" {
  description = "The Python of that image. 'covalent deploy' takes its own at first."
  type        = string
  default     = "3.11"
  nullable    = false

  validation {
    condition     = can(regex("^3\\.[0-9]+$", var.python))
    error_message = "The Python must be a version such as 3.12."
  }
}

variable "allowed_ips" {
  description = "Addresses or blocks from which the storage account can be reached, beside the subnet. If empty, from everywhere."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for ip in var.allowed_ips : can(regex("^\\d+(\\.\\d+){3}(/(\\d|[12]\\d|30))?$", ip))])
    error_message = "Azure takes public addresses of IPv4, and blocks of them up to /30: 203.0.113.7, not 203.0.113.7/32."
  }
}

variable "blob_prefix" {
  description = "What the names of all blobs begin with."
  type        = string
  default     = "covalent"
  nullable    = false
}

variable "expire_days" {
  description = "Days after which blobs, among them results, are deleted. If not set, they are kept."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.expire_days, 1) >= 1
    error_message = "What is stored is kept for 1 day at least."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
