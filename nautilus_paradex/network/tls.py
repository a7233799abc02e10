"""TLS, which is always verified."""

import ssl


def verified_context() -> ssl.SSLContext:
    """
    Return a context that verifies the certificate and the name of who answers.

    Trusted is what the machine trusts; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name other
    authorities, as for every program on OpenSSL.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def distrust_of(error: BaseException) -> str | None:
    """Return why a certificate is not trusted, if it is that what an error is about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    return None
