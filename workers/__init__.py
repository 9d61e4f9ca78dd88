"""What happens later, beside the requests."""
