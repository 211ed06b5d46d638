-- The gateway's mapping as one writes it in Envoy: patterns over the text of the body, since there is no JSON in it.
local NAMES = {
  firstName = "first_name", lastName = "last_name", phoneNumbers = "phones", jobTitle = "job_title",
  companyId = "company_id", assigneeId = "owner_id", lifecycleStage = "lifecycle_stage", leadScore = "lead_score",
  customFields = "custom", lastContactedAt = "last_contacted_at", createdAt = "created_at", updatedAt = "updated_at",
}
local PREFIXES = { id = "con_", company_id = "cmp_", owner_id = "usr_" }

function envoy_on_response(handle)
  local buffer = handle:body()
  local text = buffer:getBytes(0, buffer:length())
  for _, hidden in ipairs({ "tenantId", "ownerRole", "searchVector" }) do
    text = string.gsub(text, ',"' .. hidden .. '":"[^"]*"', "")
  end
  for inner, public in pairs(NAMES) do
    text = string.gsub(text, '"' .. inner .. '":', '"' .. public .. '":')
  end
  for name, prefix in pairs(PREFIXES) do
    text = string.gsub(text, '"' .. name .. '":"', '"' .. name .. '":"' .. prefix)
  end
  text = string.gsub(text, '%.000Z"', 'Z"')
  text = string.gsub(text, '%],"total":(%d+)}$', '],"meta":{"cursor":{"next":null,"has_more":false},"total":%1}}')
  buffer:setBytes(text)
  handle:headers():replace("content-length", #text)
end
