/* The words of the sample shop: categories, brands, places, and the titles made of them. */
#include "datasets/shop.h"

#include <stdio.h>

const char *const gx__cause_name[GX__CAUSES] = {"interest", "friends", "circle", "leader"};

const gx__leaf_words gx__leaf_word[GX__SHOP_LEAVES] = {
    {"skincare", "serum", "face serum", "精华", 168},
    {"skincare", "cleanser", "gentle cleanser", "洁面乳", 79},
    {"skincare", "sunscreen", "sunscreen SPF 50", "防晒", 109},
    {"skincare", "mask", "sheet mask", "面膜", 59},
    {"hair", "shampoo", "shampoo", "洗发水", 69},
    {"hair", "conditioner", "conditioner", "护发素", 65},
    {"hair", "oil", "hair oil", "护发油", 99},
    {"hair", "styling", "styling cream", "造型膏", 75},
    {"makeup", "lipstick", "lipstick", "口红", 129},
    {"makeup", "foundation", "foundation", "粉底液", 189},
    {"makeup", "eyeshadow", "eyeshadow palette", "眼影盘", 149},
    {"makeup", "brush", "brush set", "化妆刷", 89},
    {"tea", "green", "green tea", "绿茶", 118},
    {"tea", "oolong", "oolong tea", "乌龙茶", 138},
    {"tea", "puer", "ripe puer cake", "普洱", 198},
    {"tea", "herbal", "herbal tea", "花草茶", 49},
    {"snacks", "nuts", "roasted nuts", "坚果", 45},
    {"snacks", "biscuits", "butter biscuits", "饼干", 32},
    {"snacks", "candy", "fruit candy", "水果糖", 25},
    {"snacks", "jerky", "beef jerky", "牛肉干", 58},
    {"baby", "diapers", "diapers", "纸尿裤", 119},
    {"baby", "milk", "milk powder", "奶粉", 268},
    {"baby", "toys", "wooden toy", "木玩具", 88},
    {"baby", "clothes", "romper", "连体衣", 79},
    {"home", "storage", "storage box", "收纳箱", 55},
    {"home", "bedding", "duvet cover", "被套", 229},
    {"home", "candles", "scented candle", "香薰蜡烛", 85},
    {"home", "cleaning", "cleaning spray", "清洁剂", 29},
    {"kitchen", "woks", "cast iron wok", "铸铁锅", 199},
    {"kitchen", "knives", "chef's knife", "主厨刀", 159},
    {"kitchen", "teaware", "gaiwan", "盖碗", 109},
    {"kitchen", "appliances", "rice cooker", "电饭煲", 329},
    {"sports", "yoga", "yoga mat", "瑜伽垫", 119},
    {"sports", "running", "running belt", "跑步腰包", 59},
    {"sports", "cycling", "cycling gloves", "骑行手套", 69},
    {"sports", "camping", "camping lamp", "露营灯", 139},
    {"pets", "cats", "cat food", "猫粮", 129},
    {"pets", "dogs", "dog food", "狗粮", 139},
    {"pets", "treats", "pet treats", "宠物零食", 35},
    {"pets", "care", "pet shampoo", "宠物香波", 55},
    {"health", "vitamins", "vitamin tablets", "维生素", 99},
    {"health", "probiotics", "probiotics", "益生菌", 149},
    {"health", "massage", "neck massager", "颈部按摩仪", 259},
    {"health", "sleep", "silk eye mask", "真丝眼罩", 69},
    {"fashion", "bags", "canvas bag", "帆布包", 109},
    {"fashion", "scarves", "wool scarf", "羊毛围巾", 159},
    {"fashion", "shoes", "canvas shoes", "帆布鞋", 179},
    {"fashion", "jewellery", "pearl earrings", "珍珠耳环", 99},
};

const char *const gx__region_name[GX__SHOP_REGIONS] = {
    "Shanghai", "Guangdong", "Sichuan", "Zhejiang", "Beijing",
    "Hubei",    "Fujian",    "Shaanxi", "Yunnan",   "Liaoning"};
const char *const gx__city_name[GX__SHOP_REGIONS] = {"Shanghai", "Guangzhou", "Chengdu", "Hangzhou",
                                                     "Beijing",  "Wuhan",     "Xiamen",  "Xi'an",
                                                     "Kunming",  "Dalian"};
const char *const gx__season_name[4] = {"winter", "spring", "summer", "autumn"};

static const char *const brands[] = {
    "Yunshan 云山",   "Morning Dew",  "Huajian 花间",  "North Lane",    "Shancha 山茶",
    "Little Harbour", "Qinghe 清禾",  "Paper Crane",   "Mulan 木兰",    "Second Spring",
    "Luming 鹿鸣",    "Plain & Good", "Xiangxi 香溪",  "Old Courtyard", "Bailu 白露",
    "Ninth Street",   "Zhuyin 竹隐",  "Kite",          "Nuanyang 暖阳", "Blue Ferry",
    "Meiwu 梅坞",     "Tall Grass",   "Songfeng 松风", "Lantern"};
static const char *const sellers[] = {"Jade Market",   "Corner Store", "Riverside Trade",
                                      "Warm Kitchen",  "Green Basket", "West Gate",
                                      "Sunday Bazaar", "Home Direct"};
static const char *const adjectives[] = {
    "Classic",   "Fresh",      "Silky",    "Mountain", "Everyday", "Jasmine", "Soft",
    "Pure",      "Sweet Rice", "Travel",   "Night",    "Spring",   "Golden",  "Sea Salt",
    "Osmanthus", "Handmade",   "Seasonal", "Light",    "Rich",     "Organic"};
static const char *const sizes[] = {"", "", "", ", set of 2", ", family size", ", gift box"};
static const char *const guides[] = {"How to choose", "A beginner's guide to", "Five ways to use",
                                     "What our members say about"};

uint32_t gx__top_of(uint32_t leaf) {
    return leaf / (GX__SHOP_LEAVES / GX__SHOP_TOPS);
}

gx__item_words gx__item_about(const gx__shop *shop, uint32_t item) {
    gx__item_words out;
    const gx__leaf_words *words = &gx__leaf_word[shop->item[item].leaf];
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_ITEM, (uint64_t)1 << 32 | item);
    out.brand = brands[gx__below(&rng, GX_COUNT(brands))];
    out.seller = sellers[gx__below(&rng, GX_COUNT(sellers))];
    const char *adjective = adjectives[gx__below(&rng, GX_COUNT(adjectives))];
    const char *size = sizes[gx__below(&rng, GX_COUNT(sizes))];
    if (item < shop->products) {
        snprintf(out.title, sizeof out.title, "%s %s %s %s%s", out.brand, adjective, words->noun,
                 words->chinese, size);
    } else {
        snprintf(out.title, sizeof out.title, "%s %s %s", guides[gx__below(&rng, GX_COUNT(guides))],
                 words->noun, words->chinese);
    }
    return out;
}

/* ---- ids ---------------------------------------------------------------------------------------
 */

void gx__put_user(gx__csv *csv, uint32_t user) {
    gx__csv_named(csv, "u", user + 1);
}

void gx__put_item(gx__csv *csv, const gx__shop *shop, uint32_t item) {
    bool product = item < shop->products;
    gx__csv_named(csv, product ? "sku-" : "post-", product ? item + 1 : item - shop->products + 1);
}

void gx__put_group(gx__csv *csv, uint32_t group) {
    gx__csv_named(csv, "g", group + 1);
}

void gx__put_circle(gx__csv *csv, uint32_t circle) {
    gx__csv_named(csv, "c", circle + 1);
}

void gx__put_leaf(gx__csv *csv, uint32_t leaf) {
    gx__csv_text(csv, gx__leaf_word[leaf].top);
    gx__csv_more(csv, "/");
    gx__csv_more(csv, gx__leaf_word[leaf].leaf);
}

void gx__put_month_coupon(gx__csv *csv, uint32_t month) {
    gx__csv_named(csv, "cp-m", month + 1);
}

void gx__put_circle_coupon(gx__csv *csv, uint32_t circle) {
    gx__csv_named(csv, "cp-g", circle + 1);
}
