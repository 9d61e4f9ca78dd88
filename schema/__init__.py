"""What clients see: types, inputs, enums, scalars and root fields. No SQL."""

from schema import enums as enums  # described before any type names them
