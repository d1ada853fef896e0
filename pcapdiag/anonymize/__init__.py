"""Reports that can be shown to strangers: addresses, names and payload replaced, alike in what is said and in packets."""

from pcapdiag.anonymize.addresses import Addresses
from pcapdiag.anonymize.reports import anonymized

__all__ = ["Addresses", "anonymized"]
