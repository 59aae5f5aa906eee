"""Services outside the network, without an account: whom one may also refer to, and when they are there."""
