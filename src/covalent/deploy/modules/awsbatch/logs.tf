resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts with its own key
  #checkov:skip=CKV_AWS_338:how long is the choice of whoever deploys: log_retention_days

  name              = "${var.prefix}-job-logs"
  retention_in_days = var.log_retention_days
}
