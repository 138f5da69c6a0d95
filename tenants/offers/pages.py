"""All pages of what a chain offers."""

from tenants.offers.coupon_pages import pages as coupon_pages
from tenants.offers.pass_pages import pages as pass_pages
from tenants.offers.price_list_pages import pages as price_list_pages
from tenants.offers.reward_pages import pages as reward_pages

HANDLERS = [*coupon_pages.HANDLERS, *reward_pages.HANDLERS, *price_list_pages.HANDLERS, *pass_pages.HANDLERS]
