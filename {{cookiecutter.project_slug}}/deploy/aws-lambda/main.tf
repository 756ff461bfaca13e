# OpenTofu, or Terraform: an HTTP API whose every path goes to the function.
#   uv run python deploy/aws-lambda/package.py
#   cd deploy/aws-lambda
#   tofu init && tofu apply
terraform {
  required_version = ">= 1.8"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "api_key" {
  description = "What clients send as X-API-Key"
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.api_key) >= 32
    error_message = "The key must have at least 32 characters."
  }
}

variable "database_url" {
  description = "postgresql://user:password@host/database; without one nothing is stored"
  type        = string
  sensitive   = true
  default     = ""
}

locals {
  name    = "{{ cookiecutter.project_slug }}"
  archive = "${path.module}/../../build/lambda.zip"
}

# AWS Lambda takes a zip of more than 50 MB from a bucket alone.
resource "aws_s3_bucket" "code" {
  bucket_prefix = "${local.name}-"
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket                  = aws_s3_bucket.code.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "code" {
  bucket      = aws_s3_bucket.code.id
  key         = "lambda.zip"
  source      = local.archive
  source_hash = filesha256(local.archive)
}

resource "aws_lambda_function" "api" {
  function_name    = local.name
  role             = aws_iam_role.api.arn
  s3_bucket        = aws_s3_object.code.bucket
  s3_key           = aws_s3_object.code.key
  source_code_hash = filebase64sha256(local.archive)
  handler          = "app.aws_lambda.handler"
  runtime          = "python3.13"
  architectures    = ["x86_64"] # package.py says why
  memory_size      = 1769       # the least with a whole processor
  timeout          = 29         # API Gateway waits no longer
  environment {
    variables = {
      APP_ENV = "prod"
      API_KEY = var.api_key
      # The gateway has no other function, whatever name a client gives it.
      ALLOWED_HOSTS = "*"
      DOCS_ENABLED  = "false"
      # Processes elsewhere run the tasks, and share this database.
      TASK_CONCURRENCY = "0"
      DATABASE_URL     = var.database_url
    }
  }
  depends_on = [aws_cloudwatch_log_group.api]
}

resource "aws_apigatewayv2_api" "api" {
  name          = local.name
  protocol_type = "HTTP"
  target        = aws_lambda_function.api.arn
}

resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.api.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*"
}

resource "aws_iam_role" "api" {
  name = local.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.api.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = 30
}

# A request that fails is answered, so AWS Lambda counts no error: its line in the log is counted.
resource "aws_cloudwatch_log_metric_filter" "server_errors" {
  name           = "${local.name}-server-errors"
  log_group_name = aws_cloudwatch_log_group.api.name
  pattern        = "{ $.status >= 500 && $.status != 501 }"
  metric_transformation {
    namespace     = local.name
    name          = "ServerErrors"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "server_errors" {
  alarm_name          = "${local.name}-server-errors"
  namespace           = local.name
  metric_name         = "ServerErrors"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
}

# It did not start, or was killed.
resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "${local.name}-failures"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = local.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
}

output "url" {
  description = "Where the service answers"
  value       = aws_apigatewayv2_api.api.api_endpoint
}
