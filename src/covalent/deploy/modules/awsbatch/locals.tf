data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition

  # Names of roles are taken once in an account, those of buckets once in the world.
  regional = "${var.prefix}-${var.region}"
  bucket   = "${var.prefix}-${local.account_id}-${var.region}"

  on_fargate  = startswith(var.compute_type, "FARGATE")
  own_network = var.vpc_id == null

  definitions = "${var.prefix}-jobs"
  objects_arn = "${aws_s3_bucket.this.arn}/${var.bucket_prefix}/*"
}
