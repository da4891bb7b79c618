/* Minor units: read once, then whole numbers to the end. */
#include "engine/referral/coins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t power_of_ten(int exponent) {
    int64_t p = 1;
    while (exponent-- > 0) {
        p *= 10;
    }
    return p;
}

bool gx_coins_of(int64_t *out, double amount, int decimals) {
    enum { DIGITS = 15 };
    char text[40];
    if (!isfinite(amount) || fabs(amount) > (double)GX_COINS_MAX) {
        return false;
    }
    /* "d.dddddddddddddde±xx": the digits are a whole number, to be moved by a power of ten. */
    snprintf(text, sizeof text, "%.*e", DIGITS - 1, fabs(amount));
    int64_t digits = text[0] - '0';
    for (int i = 0; i < DIGITS - 1; i++) {
        digits = digits * 10 + (text[2 + i] - '0');
    }
    const int shift = atoi(text + DIGITS + 2) - (DIGITS - 1) + decimals;
    int64_t coins;
    if (shift > 4 || (shift > 0 && digits > GX_COINS_MAX / power_of_ten(shift))) {
        return false;
    }
    if (shift >= 0) {
        coins = digits * power_of_ten(shift);
    } else if (shift < -DIGITS) {
        coins = 0;
    } else {
        const int64_t unit = power_of_ten(-shift);
        coins = digits / unit + (digits % unit * 2 >= unit);
    }
    if (coins > GX_COINS_MAX) {
        return false;
    }
    *out = amount < 0 ? -coins : coins;
    return true;
}

bool gx_coins_parse(int64_t *out, gx_slice text, int decimals) {
    int64_t coins = 0;
    int after = -1;      /* digits behind the point; -1: it has not come */
    bool digits = false; /* the last character was one */
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '.' && after < 0 && digits) {
            after = 0;
            digits = false;
            continue;
        }
        if (c < '0' || c > '9' || coins > GX_COINS_MAX / 10 || (after == decimals && c != '0')) {
            return false;
        }
        digits = true;
        if (after < decimals) {
            coins = coins * 10 + (c - '0');
            after += after >= 0;
        }
    }
    if (!digits) {
        return false;
    }
    for (int i = after < 0 ? 0 : after; i < decimals; i++) {
        if (coins > GX_COINS_MAX / 10) {
            return false;
        }
        coins *= 10;
    }
    *out = coins;
    return coins <= GX_COINS_MAX;
}

bool gx_coins_exact(int64_t *out, double amount, int decimals) {
    char text[64];
    if (!(amount >= 0 && amount <= (double)GX_COINS_MAX)) {
        return false;
    }
    /* The shortest decimal that reads back as it, as it will have been written; then without an
     * exponent, by as many decimals as that has behind the point. */
    int digits = 1;
    amount = fabs(amount); /* −0 */
    do {
        snprintf(text, sizeof text, "%.*e", digits - 1, amount);
    } while (strtod(text, NULL) != amount && digits++ < 17);
    const int behind = digits - 1 - atoi(strchr(text, 'e') + 1);
    if (behind > GX_DECIMALS_MAX) {
        return false;
    }
    snprintf(text, sizeof text, "%.*f", behind > 0 ? behind : 0, amount);
    return gx_coins_parse(out, (gx_slice){text, strlen(text)}, decimals);
}

const char *gx_coins_text(char out[GX_COINS_TEXT], int64_t coins, int decimals) {
    const int64_t unit = power_of_ten(decimals);
    const uint64_t size = coins < 0 ? (uint64_t)0 - (uint64_t)coins : (uint64_t)coins;
    const char *sign = coins < 0 ? "-" : "";
    if (decimals == 0) {
        snprintf(out, GX_COINS_TEXT, "%s%llu", sign, (unsigned long long)size);
    } else {
        snprintf(out, GX_COINS_TEXT, "%s%llu.%0*llu", sign,
                 (unsigned long long)(size / (uint64_t)unit), decimals,
                 (unsigned long long)(size % (uint64_t)unit));
    }
    return out;
}

int gx_remainder_order(const void *a, const void *b) {
    const gx_remainder *x = a, *y = b;
    if (x->left != y->left) {
        return x->left > y->left ? -1 : 1;
    }
    return (x->place > y->place) - (x->place < y->place);
}

void gx_apportion_rest(int64_t *out, int64_t rest, gx_remainder *of, uint32_t count) {
    if (rest > 0) {
        qsort(of, count, sizeof *of, gx_remainder_order);
    }
    for (int64_t i = 0; i < rest; i++) {
        out[of[i].place]++;
    }
}

void gx_apportion(int64_t *out, int64_t total, const uint64_t *weight, uint32_t count,
                  gx_remainder *scratch) {
    uint64_t sum = 0;
    int64_t rest = total;
    for (uint32_t i = 0; i < count; i++) {
        sum += weight[i];
        out[i] = 0;
    }
    if (sum == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const gx__wide share = (gx__wide)total * weight[i];
        out[i] = (int64_t)(share / sum);
        scratch[i] = (gx_remainder){(uint64_t)(share % sum), i};
        rest -= out[i];
    }
    gx_apportion_rest(out, rest, scratch, count);
}
