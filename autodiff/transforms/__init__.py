"""The walk backward, and grad, vjp, jvp, hvp, jacobian, hessian."""
