"""Flask front end: parse, authorise, show."""
