"""The contenders, one module each.

A module whose library is not installed raises ImportError, and the contender is left out.
"""
