"""Whether a running gateway keeps the public contract, asked over HTTP: the checks of the suite and of `gateway conformance`."""
