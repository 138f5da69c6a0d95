"""What bills are made of: customers, products, prices, cards, meters; and webhook endpoints and test clocks."""
