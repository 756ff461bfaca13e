"""Who is using the service, across its processes and machines."""
