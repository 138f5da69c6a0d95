"""The shift report (交班对账): what each clerk took and gave back at each branch, by way of payment."""
