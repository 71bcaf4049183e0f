terraform {
  required_version = ">= 1.4"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.30, < 9.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.10, < 1.0"
    }
  }
}

provider "google" {
  project      = var.project_id
  region       = var.region
  access_token = var.access_token

  default_labels = merge({ "covalent-deployment" = var.prefix }, var.labels)
}
