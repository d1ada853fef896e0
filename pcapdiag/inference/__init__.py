"""What a service's silences say together."""
