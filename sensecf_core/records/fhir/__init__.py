"""One answer as a FHIR R4B bundle."""
