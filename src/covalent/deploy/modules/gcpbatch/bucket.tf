# Names of buckets are taken once in the world, and have 63 characters at most.
locals {
  plain_bucket = replace("${var.prefix}-${var.project_id}-${var.region}", "/[^a-z0-9-]/", "-")
  bucket       = length(local.plain_bucket) <= 63 ? local.plain_bucket : "${substr(local.plain_bucket, 0, 54)}-${substr(sha256(local.plain_bucket), 0, 8)}"
}

resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62:a bucket of access logs would grow for ever; audit logs of data access record the same, where they are wanted
  #checkov:skip=CKV_GCP_78:objects are written once, under names that are never used again; old versions would only be billed

  name     = local.bucket
  project  = var.project_id
  location = var.region

  force_destroy               = var.delete_data
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # Google keeps, and bills, for 7 days what was deleted, unless told not to.
  soft_delete_policy {
    retention_duration_seconds = var.delete_data ? 0 : 604800
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.expire_days == null ? [] : [var.expire_days]

    content {
      action {
        type = "Delete"
      }

      condition {
        age            = lifecycle_rule.value
        matches_prefix = ["${var.bucket_prefix}/"]
      }
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [time_sleep.services]
}
