"""The mutations and queries of the demo: each answers one root field."""

CREATE_ACCOUNT = """
mutation CreateAccount($input: CreateAccountInput!) {
  createAccount(input: $input) { account { id } userErrors { message } }
}
"""
CREATE_NUMBER = """
mutation CreatePhoneNumber($input: CreatePhoneNumberInput!) {
  createPhoneNumber(input: $input) { phoneNumber { id number } userErrors { message } }
}
"""
ASSIGN_NUMBER = """
mutation AssignPhoneNumber($input: AssignPhoneNumberInput!) {
  assignPhoneNumber(input: $input) { userErrors { message } }
}
"""
RECORD_CALL = """
mutation RecordPhoneCall($input: RecordPhoneCallInput!) {
  recordPhoneCall(input: $input) { phoneCall { id } userErrors { message } }
}
"""
CHANGE_CALL = """
mutation ChangePhoneCallStatus($input: ChangePhoneCallStatusInput!) {
  changePhoneCallStatus(input: $input) { userErrors { message } }
}
"""
PRICE_CALL = """
mutation UpdatePhoneCall($input: UpdatePhoneCallInput!) {
  updatePhoneCall(input: $input) { userErrors { message } }
}
"""
RECORD_MESSAGE = """
mutation RecordMessage($input: RecordMessageInput!) {
  recordMessage(input: $input) { message { id } userErrors { message } }
}
"""
CHANGE_MESSAGE = """
mutation ChangeMessageStatus($input: ChangeMessageStatusInput!) {
  changeMessageStatus(input: $input) { userErrors { message } }
}
"""
PRICE_MESSAGE = """
mutation UpdateMessage($input: UpdateMessageInput!) {
  updateMessage(input: $input) { userErrors { message } }
}
"""
RECORD_SPEECH = """
mutation RecordTtsEvent($input: RecordTtsEventInput!) {
  recordTtsEvent(input: $input) { userErrors { message } }
}
"""
ASSIGNED_NUMBERS = """
query AssignedNumbers($carrier: ID!) {
  phoneNumbers(filter: {carrier: $carrier, available: false}, first: 100) {
    nodes { id number account { id } }
  }
}
"""
UNFINISHED_CALLS = """
query UnfinishedCalls($carrier: ID!, $status: PhoneCallStatus!) {
  phoneCalls(filter: {carrier: $carrier, status: $status}, first: 100) { nodes { id } }
}
"""
CARRIERS = """
query Carriers { carriers(first: 2) { nodes { id } } }
"""
