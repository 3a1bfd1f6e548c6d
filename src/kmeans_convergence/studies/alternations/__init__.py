"""Which alternations over hidden choices are Newton's method."""
