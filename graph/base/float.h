/* Floats that people gave as decimals. */
#ifndef GX_BASE_FLOAT_H
#define GX_BASE_FLOAT_H

/* The double whose shortest decimal is the shortest one that reads back as this float: 0.86, not
 * 0.8600000143051147. */
double gx_float_as_given(float value);

#endif
