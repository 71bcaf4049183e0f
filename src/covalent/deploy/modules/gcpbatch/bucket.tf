resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_62:access logs would take a second bucket that grows for ever
  #checkov:skip=CKV_GCP_78:objects are written once and never changed

  name     = "${var.prefix}-${var.project_id}-${var.region}"
  project  = var.project_id
  location = var.region

  force_destroy               = var.delete_data
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

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
