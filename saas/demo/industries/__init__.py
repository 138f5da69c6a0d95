"""The four demo chains."""

from saas.demo.industries.courier import COURIER
from saas.demo.industries.gym import GYM
from saas.demo.industries.pharmacy import PHARMACY
from saas.demo.industries.tea import TEA

INDUSTRIES = {industry.template: industry for industry in (PHARMACY, GYM, TEA, COURIER)}
